"""``reports/index.html``: one page that holds all of it and needs nothing else."""
