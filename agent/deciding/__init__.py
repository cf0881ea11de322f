"""What has to be true before anything is done: policy, approvals, who may decide."""
