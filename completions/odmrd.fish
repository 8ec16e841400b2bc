complete --keep-order --exclusive --command odmrd --arguments "(COMPLETE=fish odmrd -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
