"""The contract that every source speaks, for Python 2.7 and 3: numpy and the standard library only.

A convenience for implementing the contract; its definition is docs/contract.md.

errors       what a user can mend, and the exit status it ends with
command      the verbs of a source's command line; the one place where errors become a line
settings     the published settings, what a configuration file changes in them, and what it may
comments     comments beside the fields of a named tuple, as descriptions
events       progress on standard output, one JSON object a line
arrays       named arrays in a file: reproducible bits to write, nothing but numbers to read
atomic       files and folders that appear by rename
imagesets    image sets: memory-mapped to read, block by block to write
models       model directories
training     the verb train of every room: resume, checkpoints, progress, preview grids, the model
checkpoints  the last two of a training; a damaged one is passed over
batches      shuffled minibatches of an image set
ahead        reading ahead in a thread
importing    the end of every verb import: the check of weights, the model
generation   images in blocks that depend on nothing but (model, seed, block)
png          a PNG encoder, and grids of images
unpickling   a pickle reader that can build nothing but numbers, strings, containers and records
"""
