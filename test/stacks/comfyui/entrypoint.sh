#!/bin/sh
# shellcheck disable=SC2086 # an argument per word
exec python3 /opt/comfyui/main.py $CLI_ARGS
