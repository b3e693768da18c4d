"""A comic planned from an idea: by a language model, or by a template where there is none."""
