"""The way to a cluster: kubeconfig, login, the gate in the connector, discovery, errors in words."""
