"""The commands of the command line, one module each; `cli` imports one only when it is asked for."""
