"""What watches a cluster and tells the bus: Kubernetes on one side, messages on the other."""
