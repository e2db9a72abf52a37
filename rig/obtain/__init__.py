"""Finding the real servers that the rig runs, or building them: one module per server.

Each module has `find()`, which never builds, and `obtain(on_progress)`, which does where it must and raises
`Missing` with one sentence where it cannot.
"""
