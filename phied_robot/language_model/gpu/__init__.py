"""The engine for NVIDIA GPUs: Phi-3's forward pass in kernels of our own, replayed as CUDA graphs."""
