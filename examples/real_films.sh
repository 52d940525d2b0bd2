#!/bin/sh
# Real films from import to report: examples/real_films.sh FOLDER [CLONE]
#
# FOLDER holds one folder a site with images/ and labels.csv (path, label, and patient_id, age_years, sex, view if known).
# Sites named in EXTERNAL (default "nih nema") are the external cohort, all others are internal.
# CLONE (default: a new temporary folder) becomes a scratch clone of this repository; nothing is written elsewhere.
#
# DICOM_ROUTER_PSEUDONYM_KEY   the key of the pseudonyms; a new one is made for this run if it is not set
# SECONDARY_CAPTURES           sites (default "nih") whose films may have text in the pixels and were looked at: without a
#                              word about it, import refuses what a header calls a secondary capture or a scanned film
# SAMPLE_CLASSES               classes to fill up with synthetic films, e.g. "abdomen": all then counts as synthetic
set -eu

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
films=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
clone=${2:-$(mktemp -d)/real-films}
PATH="$root/.venv/bin:$PATH"
export PATH
if [ -z "${DICOM_ROUTER_PSEUDONYM_KEY:-}" ]; then
    DICOM_ROUTER_PSEUDONYM_KEY=$(python -c "import secrets; print(secrets.token_hex(32))")
fi
export DICOM_ROUTER_PSEUDONYM_KEY

git clone --quiet "$root" "$clone"
cd "$clone"
rm -f data.dvc # of the synthetic sample, which is replaced
export PYTHONPATH="$clone/src"

cohort_of() {
    case " ${EXTERNAL:-nih nema} " in
    *" $1 "*) echo external ;;
    *) echo internal ;;
    esac
}

allowed_at() {
    case " ${SECONDARY_CAPTURES-nih} " in
    *" $1 "*) echo --allow-burned-in ;;
    esac
}

for table in "$films"/*/labels.csv; do
    site=$(basename "$(dirname "$table")")
    cohort=$(cohort_of "$site")
    echo "== $site ($cohort)"
    # shellcheck disable=SC2046  # no option, or one word
    dicom-router import "$films/$site" --label-from "$table" --site "$site" --cohort "$cohort" $(allowed_at "$site")
done

if [ -n "${SAMPLE_CLASSES:-}" ]; then
    scratch=$(mktemp -d)
    dicom-router sample "$scratch/sample"
    for class in $SAMPLE_CLASSES; do
        for cohort in internal external; do
            mkdir -p "$scratch/$cohort/$class"
            awk -F, -v class="$class" -v cohort="$cohort" '$2 == class && $6 == cohort { print $1 }' \
                "$scratch/sample/labels.csv" | while read -r path; do
                mv "$scratch/sample/$path" "$scratch/$cohort/$class/"
            done
        done
    done
    for cohort in internal external; do
        echo "== sample ($cohort)"
        dicom-router import "$scratch/$cohort" --label-from folder --site "sample-$cohort" --cohort "$cohort" \
            --with-synthetic
    done
    rm -rf "$scratch"
fi

dvc add --quiet data
dvc repro
echo
dicom-router summary
echo "everything is in $clone"
