"""This machine: `files` that are whole or absent and their locks, `devices`, `progress`, `backend` (starts Keras),
`code_version`, `commands` (exit codes), `places`.
"""
