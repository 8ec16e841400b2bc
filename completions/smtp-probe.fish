complete --keep-order --exclusive --command smtp-probe --arguments "(COMPLETE=fish smtp-probe -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
