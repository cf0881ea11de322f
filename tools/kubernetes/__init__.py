"""Kubernetes: clusters by kubeconfig context, tools to read and change them, and live lists."""
