/* How often a request is tried again before it counts as failed. */
int retry_limit(void)
{
    return 7;
}
