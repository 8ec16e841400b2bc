complete --keep-order --exclusive --command queuectl --arguments "(COMPLETE=fish queuectl -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
