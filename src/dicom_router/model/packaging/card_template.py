"""The text of the model card, as a Jinja template: a module, so that only what renders it depends on it."""

from typing import Final

TEMPLATE: Final = """\
# Model card: dicom-router {{ model.version }}

{% if model.synthetic %}
> **Trained on synthetic images.** Its figures say nothing about real films, and it refuses them unless it is told
> not to (`--allow-synthetic-model`). Never route patients' films with it.

{% endif %}
A {{ model.network }} network ({{ "{:,}".format(model.parameters) }} parameters) that puts one radiograph into one of
five groups: {{ model.classes | join(", ") }}.

## Intended use

To choose which downstream model or archive receives a radiograph (CR, DX). The decision comes from the pixels alone.

Not intended: diagnosis, triage by urgency, CT, MR, ultrasound or photographs, and any use in which a wrong group
reaches a patient unseen. An adult chest model run on a child is the error to fear most.

## Data

{{ model.dataset.description }} (content {{ model.dataset.digest[:16] }})

| split | {{ model.classes | join(" | ") }} |
|---|{% for name in model.classes %}---:|{% endfor %}

{% for split, counts in model.dataset.images.items() %}
| {{ split }} | {{ counts.values() | join(" | ") }} |
{% endfor %}

Patients never stand in two splits. Validation chose the epoch ({{ model.best_epoch }} of {{ model.epochs }}),
calibration the temperature; test and external chose nothing.

## Figures

{% for title, document in [("Test", test), ("External", external)] %}
{{ title }}: {{ "{:,}".format(document.n) }} images of {{ "{:,}".format(document.patients) }} patients.

| | recall | precision | F1 |
|---|---|---|---|
{% for name, figures in document.classes.items() %}
| {{ name }} (n = {{ figures.n }}) | {{ figures | row }} |
{% endfor %}
| **macro** | {{ document.macro | row }} |

Accuracy {{ document.accuracy | figure }}, log-loss {{ document.log_loss | figure }}, Brier score
{{ document.brier | figure }}, ECE {{ document.ece | figure }}.

{% endfor %}
Intervals: {{ test.method.interval }} over {{ test.method.unit }}s, {{ "{:g}".format(100 * test.method.confidence) }}%,
{{ "{:,}".format(test.method.resamples) }} resamples.

## Where it is weakest

{% if weakest %}
| subgroup of the test images | images | accuracy |
|---|---:|---|
{% for name, n, accuracy in weakest %}
| {{ name }} | {{ n }} | {{ accuracy | figure }} |
{% endfor %}
{% else %}
No subgroup of the test images is large enough to say.
{% endif %}

## Calibration

{% set calibration = model.calibration %}
Probabilities are the softmax of the logits divided by {{ "{:g}".format(model.temperature) }}
{%- if calibration.reason %} ({{ calibration.reason }}){% else %}, fitted on {{ calibration.n }} images{% endif %}.
The model has no rule yet for when to say "I do not know".

## How it is run

Input: {{ model.preprocessing.image_size }} x {{ model.preprocessing.image_size }} pixels,
{{ model.preprocessing.fit }}, bone bright.
{% set agreement = model.agreement %}
The exported graph and the trained network differ by at most {{ "{:g}".format(agreement.largest_difference) }} in a
probability over {{ agreement.n }} {{ agreement.split }} images, and give the same label on
{{ "{:.2%}".format(agreement.same_label) }} of them.

## Limits

- A film of another hospital, detector or post-processing can be read worse; the external figures show by how much once.
- Whole-trunk films of infants, abdomen films with the whole spine in view, and lateral chests lie between groups:
  labellers disagree on them too.
- Adult and pediatric chest are told apart by what the image shows; between 10 and 17 years the border is a convention.
- What is not a radiograph still gets one of the five labels.
"""
