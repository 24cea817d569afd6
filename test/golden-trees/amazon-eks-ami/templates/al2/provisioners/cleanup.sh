#!/usr/bin/env bash
rm -rf /var/log/*
