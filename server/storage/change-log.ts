/** How many commits a storage remembers for `changesSince`; a reader further behind gets 'too old'. */
export const changeLogLength = 10_000;
