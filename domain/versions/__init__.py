"""Versions of ComfyUI: what is asked for (spec), what that is to the byte (lock), and its proof (closure)."""
