"""This machine: whole or absent `files`, `devices`, `progress`, `backend` (starts Keras), `code_version`, `places`."""
