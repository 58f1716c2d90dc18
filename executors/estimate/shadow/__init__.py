"""A shadow of PyTorch: tensors that have sizes but no numbers, for counting memory without torch.

A shadow forward pass is written like the real one. Python frees a shadow tensor at the very moment at which it would
free the real one, and autograd's rules for what is saved and when it is released are the real ones, so the meter sees
the same rise and fall of memory that the CUDA allocator sees.
"""
