complete --keep-order --exclusive --command atrn-fetch --arguments "(COMPLETE=fish atrn-fetch -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
