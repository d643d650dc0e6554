"""A local cloud on this machine: the real stacks, deployed by SAM to ministack and the simulator.

It imports nothing of the product. Everything happens through real deployments, event rules, queues and function
processes. It reads the results from the services, as a user would.
"""
