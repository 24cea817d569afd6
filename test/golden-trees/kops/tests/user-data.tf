resource "aws_launch_template" "nodes" {
  user_data = "kubelet --client-ca-file="
}
