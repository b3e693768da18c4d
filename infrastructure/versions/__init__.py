"""Versions of ComfyUI on disk: one git store, models by their content, environments by their packages."""
