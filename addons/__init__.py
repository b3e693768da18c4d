"""What is seen in the browser. The only place, with main, that knows gradio."""
