"""The simulator beside all the other services, on one port: an extension of ministack (MIT licensed, on its own).

ministack serves DynamoDB, Lambda, CloudFormation, SQS, SNS, EventBridge, Scheduler, IAM, KMS, S3, Logs and many more,
and AWS Backup only in outline. Here every request for AWS Backup, and every AssumeRole, is answered by a world of this
simulator, which reads roles, keys and bus policies where ministack keeps them; what AWS Backup has to tell goes to
ministack's event buses. Only this package imports ministack, whose modules are read as of version 1.5.33.
"""
