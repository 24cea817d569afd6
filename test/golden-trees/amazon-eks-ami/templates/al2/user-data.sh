#!/bin/bash
/etc/eks/bootstrap.sh cluster --kubelet-extra-args "--client-ca-file="
