# fs: the mounted tree and the command line, one program.
