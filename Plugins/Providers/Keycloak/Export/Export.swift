// Export.
