locals {
  cluster_name = "minimal.example.com"
}
