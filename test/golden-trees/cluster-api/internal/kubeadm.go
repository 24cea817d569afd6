package internal

var key = "kubelet-client-key"
