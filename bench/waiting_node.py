"""A node for a real ComfyUI that stands in for the work of a GPU: it takes its time and no core's."""

import time


class Waiting:
    CATEGORY, FUNCTION, RETURN_TYPES = "bench", "wait", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "seconds": ("FLOAT", {"default": 1.0}), "seed": ("INT",)}}

    def wait(self, image, seconds, seed):
        time.sleep(seconds)
        return (image,)


NODE_CLASS_MAPPINGS = {"BenchWaiting": Waiting}
