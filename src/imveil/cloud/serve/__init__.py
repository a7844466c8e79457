"""The service: models behind the Open Inference Protocol v2, and a page. It reaches no key code: the arrows hold it."""
