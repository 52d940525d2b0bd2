"""Whether what hospitals deliver is still what the model was judged on: signals, tests, states, reports, messages."""
