"""Recipes by name: values for keys of params.yaml that belong together, one YAML file each."""
