complete --keep-order --exclusive --command mxcheck --arguments "(COMPLETE=fish mxcheck -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
