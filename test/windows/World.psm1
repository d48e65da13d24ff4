# The rest of a stand-in Windows: its registry, folders, programs and users, for scripts that look at them.
