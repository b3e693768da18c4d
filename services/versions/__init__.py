"""Versions of ComfyUI: resolved, realized, verified, probed."""
