"""A night by the deployment ``rescore/nightly``, against real servers."""

from conftest import ROOT
from real_platform import RealPlatform, promote

from dicom_router.dataset.pseudonyms import KEY_VARIABLE
from dicom_router.params import load_params

KEY = "a key for tests that is long enough"
FILMS = 5


def test_it_is_scheduled_as_the_parameters_say(platform: RealPlatform) -> None:
    (schedule,) = platform.api("deployments/name/rescore/nightly")["schedules"]
    wanted = load_params(ROOT / "params.yaml").monitoring
    found = {name: schedule["schedule"][name] for name in ("cron", "timezone")}
    assert found == {"cron": wanted.cron, "timezone": wanted.timezone} and schedule["active"]


def test_it_scores_the_inbox_by_the_champion_and_its_page_shows_the_account(
    platform: RealPlatform, restored: str
) -> None:
    promote(platform, "1")
    site = platform.project / "inbox" / "north"
    site.mkdir(parents=True)
    for film in sorted((platform.project / "data/images").rglob("*.dcm"))[:FILMS]:
        (site / film.name).symlink_to(film)  # long written, so that it need not wait
    found = platform.api("deployments/name/rescore/nightly")
    asked = {"parameters": {"site": "north"}, "job_variables": {"env": {KEY_VARIABLE: KEY}}}
    run = platform.api(f"deployments/{found['id']}/create_flow_run", asked)["id"]
    ended = platform.end_of(run)
    assert ended["type"] == "COMPLETED", ended
    assert ended["message"].startswith(f"{FILMS} films seen = {FILMS} scored + 0 quarantined + 0 waiting + 0 known")
    shown = platform.api("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    pages = {each["key"]: each["data"] for each in shown}
    assert f"seen         {FILMS:>9} films" in pages["rescoring"]
    assert "No site is commissioned" in pages["drift"] and "reports/drift/" in pages["drift"]
    (page,) = (platform.project / "reports/drift").glob("20*/index.html")
    assert "report only" in page.read_text()
