"""The shipped estates, as YAML files. Users may write further ones."""
