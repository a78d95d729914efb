"""The program from Python: archives, images, data sets and studies as typed objects.

What is public is named by `isic_cli.__all__`; the shell's commands do the same work through the
same use cases.
"""
