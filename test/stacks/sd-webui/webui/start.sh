#!/bin/sh
exec python3 /app/launch.py "$@"
