"""What runs beside the GPU on RunPod Serverless: takes orders, has ComfyUI carry them out, hands back files.

It packs and unpacks, and otherwise is the studio: the same `ComfyBackend`, the same `Job`.
"""
