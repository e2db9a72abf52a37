"""A small kubelet: one node whose pods are processes of this machine.

It does what rollouts need: starts and restarts containers, asks their readiness over HTTP, kills what outgrows its
memory limit, ends pods gracefully, and reports all of it to the API server. It does not do images, volumes, init
containers, liveness and startup probes, and it takes every pod for one that is always to run, as those of a
Deployment are. All pods have the address 127.0.0.1, so each container port becomes a free port of this machine:
the pod learns it from the variable PORT_<NAME>, others from the annotations of `addresses`.
"""
