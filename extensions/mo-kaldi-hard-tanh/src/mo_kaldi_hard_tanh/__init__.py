"""The component HardTanhComponent for mo-kaldi."""
