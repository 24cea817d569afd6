package model

// clientCAFile of the kubelet
const flag = "--client-ca-file="
