"""The simulator and all the other services on one port: an extension of ministack (a separate project, MIT licence).

ministack serves DynamoDB, Lambda, CloudFormation, SQS, SNS, EventBridge, Scheduler, IAM, KMS, S3, Logs and many more.
It has only a sketch of AWS Backup. Here a world of this simulator answers every request for AWS Backup, and every
AssumeRole. It uses ministack's roles, keys and bus policies, and puts its events on ministack's buses. Only this
package imports ministack. It uses modules of version 1.5.33.
"""
