#!/usr/bin/env bash
# A backup, a cross-account copy, a cross-Region copy by an assumed role, events from a queue, a delete, and a point that
# stays EXPIRED until its role has the right: with the AWS CLI alone, and Python's urllib for what only a tester does.
# Needs `backup-simulator serve` and its address in AWS_ENDPOINT_URL.
set -euo pipefail
: "${AWS_ENDPOINT_URL:?say where backup-simulator serves, for example http://127.0.0.1:4599}"
export AWS_SECRET_ACCESS_KEY=simulated AWS_EC2_METADATA_DISABLED=true AWS_PAGER="" AWS_DEFAULT_OUTPUT=text
WORKLOAD=111122223333 BACKUP=444455556666 HOME_REGION=eu-west-1 DR_REGION=eu-central-1

aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
control() {
    python3 -c 'import sys, urllib.request as web; sys.stdout.write(web.urlopen(sys.argv[1], sys.argv[2].encode()).read().decode())' \
        "$AWS_ENDPOINT_URL/_control/$1" "$2"
}
make() { control make "$1" | sed 's/^{"made": "\(.*\)"}$/\1/'; }
hours() { control advance "{\"seconds\": $(($1 * 3600))}" >/dev/null; }
as() { AWS_ACCESS_KEY_ID=$1; AWS_DEFAULT_REGION=$2; export AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION; unset AWS_SESSION_TOKEN; }
expect() { if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "$1: expected $2, found $3" >&2; exit 1; fi; }

all='{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
service='{"Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
trusted="{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"$WORKLOAD\"}, \"Action\": \"sts:AssumeRole\"}]}"
copying='{"Statement": [{"Effect": "Allow", "Action": ["backup:*", "rds:*", "kms:*"], "Resource": "*"}]}'
linking='{"Statement": [{"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"}]}'
shared="{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": [\"$WORKLOAD\", \"$BACKUP\"]}, \"Action\": \"kms:*\", \"Resource\": \"*\"}]}"
open='{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}]}'

for account in $WORKLOAD $BACKUP; do
    make "{\"what\": \"create_service_linked_role\", \"account\": \"$account\", \"service\": \"backup.amazonaws.com\"}" >/dev/null
done
role=$(make "{\"what\": \"create_role\", \"account\": \"$WORKLOAD\", \"name\": \"backup\", \"trust\": $service, \"policies\": [$all]}")
copy_role=$(make "{\"what\": \"create_role\", \"account\": \"$BACKUP\", \"name\": \"copy\", \"trust\": $service, \"policies\": [$copying]}")
operator=$(make "{\"what\": \"create_role\", \"account\": \"$BACKUP\", \"name\": \"operator\", \"trust\": $trusted, \"policies\": [$all]}")
key=$(make "{\"what\": \"create_key\", \"account\": \"$WORKLOAD\", \"region\": \"$HOME_REGION\", \"policy\": $shared}")
watched_key=$(make "{\"what\": \"create_key\", \"account\": \"$BACKUP\", \"region\": \"$HOME_REGION\"}")
dr_key=$(make "{\"what\": \"create_key\", \"account\": \"$BACKUP\", \"region\": \"$DR_REGION\"}")
database=$(make "{\"what\": \"create_database\", \"account\": \"$WORKLOAD\", \"region\": \"$HOME_REGION\", \"resource_type\": \"RDS\", \"name\": \"orders\", \"key_arn\": \"$key\"}")
control make "{\"what\": \"create_queue\", \"account\": \"$WORKLOAD\", \"region\": \"$HOME_REGION\", \"name\": \"events\"}" >/dev/null
queue="https://sqs.$HOME_REGION.amazonaws.com/$WORKLOAD/events"
make "{\"what\": \"put_rule\", \"account\": \"$WORKLOAD\", \"region\": \"$HOME_REGION\", \"name\": \"copies\",
    \"pattern\": {\"source\": [\"aws.backup\"], \"detail-type\": [\"Copy Job State Change\"], \"detail\": {\"state\": [\"COMPLETED\"]}},
    \"targets\": [{\"id\": \"queue\", \"arn\": \"arn:aws:sqs:$HOME_REGION:$WORKLOAD:events\"}]}" >/dev/null

# The backup account's vaults.
as $BACKUP $HOME_REGION
watched=$(aws backup create-backup-vault --backup-vault-name watched-vault --encryption-key-arn "$watched_key" --query BackupVaultArn)
aws backup put-backup-vault-access-policy --backup-vault-name watched-vault --policy "$open"
as $BACKUP $DR_REGION
dr=$(aws backup create-backup-vault --backup-vault-name dr-vault --encryption-key-arn "$dr_key" --query BackupVaultArn)

# A backup, and its copy into the backup account.
as $WORKLOAD $HOME_REGION
aws backup create-backup-vault --backup-vault-name workload-vault --encryption-key-arn "$key" >/dev/null
backup=$(aws backup start-backup-job --backup-vault-name workload-vault --resource-arn "$database" --iam-role-arn "$role" --query BackupJobId)
hours 1
expect "the backup job" COMPLETED "$(aws backup describe-backup-job --backup-job-id "$backup" --query State)"
point=$(aws backup describe-backup-job --backup-job-id "$backup" --query RecoveryPointArn)
copy=$(aws backup start-copy-job --recovery-point-arn "$point" --source-backup-vault-name workload-vault \
    --destination-backup-vault-arn "$watched" --iam-role-arn "$role" --lifecycle DeleteAfterDays=14 --query CopyJobId)
expect "the first copy, at once" CREATED "$(aws backup describe-copy-job --copy-job-id "$copy" --query CopyJob.State)"
hours 4
expect "the first copy, hours later" COMPLETED "$(aws backup describe-copy-job --copy-job-id "$copy" --query CopyJob.State)"
arrival=$(aws backup describe-copy-job --copy-job-id "$copy" --query CopyJob.DestinationRecoveryPointArn)
read -r receipt event < <(aws sqs receive-message --queue-url "$queue" --query 'Messages[0].[ReceiptHandle,Body]')
case $event in *"$arrival"*) echo "ok: the event names the arrival" ;; *) echo "no event of $arrival: $event" >&2; exit 1 ;; esac
aws sqs delete-message --queue-url "$queue" --receipt-handle "$receipt"

# The second copy, by a role of the backup account.
read -r AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN < <(aws sts assume-role --role-arn "$operator" --role-session-name cli \
    --query 'Credentials.[AccessKeyId,SessionToken]')
export AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN
expect "the assumed account" $BACKUP "$(aws sts get-caller-identity --query Account)"
copy=$(aws backup start-copy-job --recovery-point-arn "$arrival" --source-backup-vault-name watched-vault \
    --destination-backup-vault-arn "$dr" --iam-role-arn "$copy_role" --lifecycle DeleteAfterDays=35 --query CopyJobId)
as $BACKUP $HOME_REGION
hours 4
expect "the second copy" COMPLETED "$(aws backup list-copy-jobs --by-source-recovery-point-arn "$arrival" --query 'CopyJobs[0].State')"
final=$(aws backup describe-copy-job --copy-job-id "$copy" --query CopyJob.DestinationRecoveryPointArn)
as $BACKUP $DR_REGION
expect "the final copy's key" "$dr_key" "$(aws backup describe-recovery-point --backup-vault-name dr-vault --recovery-point-arn "$final" --query EncryptionKeyArn)"

# A delete that works, and one that waits for a right: without the service-linked role, the role that made the copy must
# be able to make it.
as $BACKUP $HOME_REGION
aws backup delete-recovery-point --backup-vault-name watched-vault --recovery-point-arn "$arrival"
hours 1
expect "the intermediate copies left" 0 "$(aws backup list-recovery-points-by-backup-vault --backup-vault-name watched-vault --query 'length(RecoveryPoints)')"
linked="arn:aws:iam::$BACKUP:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
control make "{\"what\": \"delete_role\", \"account\": \"$BACKUP\", \"role_arn\": \"$linked\"}" >/dev/null
as $BACKUP $DR_REGION
aws backup delete-recovery-point --backup-vault-name dr-vault --recovery-point-arn "$final"
hours 72
expect "a delete that nobody may carry out" EXPIRED "$(aws backup describe-recovery-point --backup-vault-name dr-vault --recovery-point-arn "$final" --query Status)"
control make "{\"what\": \"add_policy\", \"account\": \"$BACKUP\", \"role_name\": \"copy\", \"policy\": $linking}" >/dev/null
aws backup delete-recovery-point --backup-vault-name dr-vault --recovery-point-arn "$final"
hours 1
expect "the final copies left" 0 "$(aws backup list-recovery-points-by-backup-vault --backup-vault-name dr-vault --query 'length(RecoveryPoints)')"
