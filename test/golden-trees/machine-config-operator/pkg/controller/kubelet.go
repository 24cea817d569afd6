package controller

// KubeletConfiguration
