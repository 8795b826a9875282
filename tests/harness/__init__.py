"""What the tests drive the product with: a real `vllm-studio serve`, real engines, real tools."""
