#!/bin/sh
exec python3 /opt/comfyui/main.py $CLI_ARGS
