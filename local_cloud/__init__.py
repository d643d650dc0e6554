"""A local cloud: the real stacks, deployed by the real SAM to ministack with the simulator beside it, on this machine.

Nothing of the product is imported here, and nothing is handed to it: what happens, happens through real deployments,
event rules, queues and function processes, and is read from the services as a user would read it.
"""
