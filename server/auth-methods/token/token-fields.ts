export const tokenField = { type: 'string', description: 'The token', sensitive: true } as const;
export const accessorField = { type: 'string', description: 'Accessor of the token', default: '' } as const;
export const incrementField = {
  type: 'duration',
  description: 'How long from now; 0 for what the token was made with',
  default: 0,
} as const;
