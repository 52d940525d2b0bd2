"""Hold tables against expectations with Great Expectations, and build its Data Docs.

The only module that imports great_expectations; the import takes seconds. Nothing leaves the
machine: analytics are off, and the context lives in memory.
"""

import shutil
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dicom_router.dataset.expectations.findings import Tables
from dicom_router.dataset.expectations.vocabulary import Expectation, Verdict

with warnings.catch_warnings():  # it imports modules that Python has deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx
    from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

SHOWN_VALUES: Final = 5  # different values that a message quotes


def check(tables: Tables, expectations: Sequence[Expectation], docs: Path | None = None) -> tuple[Verdict, ...]:
    """Return a verdict for each of ``expectations``, in their order; write Data Docs into ``docs``, replacing it."""
    context = _context()
    verdicts: dict[str, Verdict] = {}
    for name in sorted({expectation.table for expectation in expectations}):
        chosen = [expectation for expectation in expectations if expectation.table == name]
        table = getattr(tables, name)
        result = _validate(context, name, table, chosen)
        by_name = {of.expectation_config.meta["name"]: of for of in result.results if of.expectation_config}
        verdicts |= {wanted.name: _verdict(wanted, by_name[wanted.name], table) for wanted in chosen}
    if docs is not None:
        _build_docs(context, docs)
    return tuple(verdicts[expectation.name] for expectation in expectations)


def _context() -> AbstractDataContext:
    """Return a context in memory that sends nothing and draws no progress bars."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _validate(
    context: AbstractDataContext, name: str, table: pd.DataFrame, expectations: Iterable[Expectation]
) -> ExpectationSuiteValidationResult:
    """Run ``expectations`` over ``table``, whose first column names the rows."""
    suite = ExpectationSuite(name, [_configuration(expectation).to_domain_obj() for expectation in expectations])
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    definition = gx.ValidationDefinition(
        name=name, data=asset.add_batch_definition_whole_dataframe(name), suite=context.suites.add(suite)
    )
    return context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": table},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [table.columns[0]]},
    )


def _configuration(expectation: Expectation) -> ExpectationConfiguration:
    return ExpectationConfiguration(
        type=expectation.check.type,
        kwargs=expectation.check.kwargs,
        meta={"name": expectation.name},
        description=expectation.title,
        severity=FailureSeverity(expectation.severity),
    )


def _verdict(expectation: Expectation, result: ExpectationValidationResult, table: pd.DataFrame) -> Verdict:
    """Translate a result of Great Expectations."""
    details: dict[str, Any] = result.result
    if "unexpected_index_list" not in details:
        raise RuntimeError(f"expectation {expectation.name} could not be computed: {result.exception_info}")
    found: list[dict[str, Any]] = details["unexpected_index_list"]
    column = expectation.check.kwargs["column"]
    return Verdict(
        expectation=expectation,
        success=bool(result.success),
        observed=_observed(column, [row[column] for row in found], details["element_count"] - details["missing_count"]),
        unexpected=tuple(str(row[table.columns[0]]) for row in found),
    )


def _observed(column: str, values: Sequence[Any], total: int) -> str:
    """Say how many of ``total`` rows are unexpected, and which values they hold most."""
    if not values:
        return f"all {total:,} rows as expected"
    counts = Counter(_quoted(value) for value in values)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    quoted = ", ".join(f"{value} ({count:,})" if count > 1 else value for value, count in ranked[:SHOWN_VALUES])
    return f"{len(values):,} of {total:,} rows: {column} {quoted}{', …' if len(ranked) > SHOWN_VALUES else ''}"


def _quoted(value: object) -> str:
    """Write a value of a table as a person would."""
    if isinstance(value, str):
        return repr(value)
    odd = isinstance(value, float) and not value.is_integer()
    return f"{value:.3g}" if odd else str(value).removesuffix(".0")


def _build_docs(context: AbstractDataContext, docs: Path) -> None:
    """Write the pages of this run; they carry clock times, so they are no output of the pipeline."""
    shutil.rmtree(docs, ignore_errors=True)
    context.add_data_docs_site(
        "pages",
        {
            "class_name": "SiteBuilder",
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(["pages"])
